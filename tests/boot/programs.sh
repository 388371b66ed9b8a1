# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the guest: real programs, each line "name: result" compared with the host's own answer.
exec 2>&1
# A megabyte that host and guest can both make.
seq 1 150000 | head -c 1000000 > /tmp/data

echo "sha256: $(openssl dgst -sha256 -r /tmp/data | cut -d' ' -f1)"
echo "sha512: $(openssl dgst -sha512 -r /tmp/data | cut -d' ' -f1)"
echo "sha3: $(openssl dgst -sha3-256 -r /tmp/data | cut -d' ' -f1)"
echo "md5: $(openssl dgst -md5 -r /tmp/data | cut -d' ' -f1)"
openssl enc -chacha20 -K $(printf '%064d' 7) -iv $(printf '%032d' 9) -in /tmp/data -out /tmp/c20
openssl enc -d -chacha20 -K $(printf '%064d' 7) -iv $(printf '%032d' 9) -in /tmp/c20 -out /tmp/c20d
cmp /tmp/data /tmp/c20d && echo "chacha20: ok"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out /tmp/key &&
    openssl pkey -in /tmp/key -pubout -out /tmp/pub &&
    openssl dgst -sha256 -sign /tmp/key -out /tmp/sig /tmp/data &&
    openssl dgst -sha256 -verify /tmp/pub -signature /tmp/sig /tmp/data | sed 's/^/ecdsa: /'

sqlite3 /tmp/t.db <<EOF | sed 's/^/sqlite: /'
create table t(a integer primary key, b real, c text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
    insert into t select i, i * 0.37, 'row ' || (i * 7919 % 1000) from n;
create index x on t(c);
select count(*), sum(a), printf('%.6f', sum(b)), min(c), max(c) from t;
select c, count(*) from t group by c order by 2 desc, 1 limit 3;
pragma integrity_check;
EOF

7z a -mx=3 -mmt=1 -bd /tmp/a.7z /tmp/data > /dev/null && 7z t -mmt=1 /tmp/a.7z > /dev/null &&
    7z x -so -mmt=1 /tmp/a.7z 2>/dev/null | openssl dgst -sha256 -r | sed 's/^\([^ ]*\).*/7zip: \1/'
7z b 1 -mmt1 -md18 > /tmp/bench && echo "7zip-benchmark: ok" || cat /tmp/bench

export PYTHONDONTWRITEBYTECODE=1
python3.13 /root/arithmetic.py | sed 's/^/python: /'
python3.13 -m unittest -q test.test_float test.test_struct test.test_bool test.test_complex \
    > /tmp/unittest && echo "python-tests: ok" || cat /tmp/unittest
