# SPDX-License-Identifier: GPL-2.0-or-later
# Real programs on fixed work; runs natively and in the guest under dash.
#
#   programs.sh prepare|run NAME SCALE      SCALE: a whole number of hundredths of the usual work
#
# Everything is in /bench; what a program prints has to be the same everywhere.
set -eu
what=$1 name=$2 scale=$3
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1 PATH=/usr/bin:/bin
cd /tmp

# so many of the usual, at least one
scaled() {
    echo $((($1 * scale + 99) / 100))
}

check() {
    busybox sha256sum "$1" | busybox cut -c 1-16
}

prepare() {
    case $name in
    xz) busybox head -c "$(scaled 1000000)" /bench/text > text ;;
    zstd) busybox head -c "$(scaled 4000000)" /bench/text > text ;;
    gzip) busybox head -c "$(scaled 4000000)" /bench/text > text ;;
    7z) busybox head -c "$(scaled 600000)" /bench/text > text ;;
    perl) busybox head -c "$(scaled 1000000)" /bench/text > text ;;
    openssl)
        busybox head -c "$(scaled 4000000)" /bench/text > text
        busybox cp /bench/key.pem key.pem
        ;;
    esac
}

run() {
    case $name in
    python) python3.13 -I -S /bench/work.py "$(scaled 10)" ;;
    perl) perl /bench/work.pl text ;;
    lua) lua5.4 /bench/work.lua "$(scaled 30)" ;;
    sqlite) { echo ".parameter set :n $(scaled 40000)"; busybox cat /bench/work.sql; } | sqlite3 :memory: ;;
    xz) xz -6 -T1 -k -f text && xz -t text.xz && check text.xz ;;
    zstd) zstd -q -9 --single-thread -f text && zstd -q -d -f -o back text.zst && check back ;;
    gzip) gzip -6 -n -k -f text && gzip -t text.gz && check text.gz ;;
    7z) busybox rm -f a.7z && 7z a -mx=3 -mmt=1 -mtm- -bd a.7z text > /dev/null &&
        7z x -so -mmt=1 a.7z 2> /dev/null > back && check back ;;
    openssl)
        openssl dgst -sha256 -r text
        openssl enc -aes-128-cbc -K 000102030405060708090a0b0c0d0e0f \
            -iv 0f0e0d0c0b0a09080706050403020100 -in text -out coded && check coded
        openssl enc -chacha20 -K 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f \
            -iv 0f0e0d0c0b0a09080706050403020100 -in text -out coded && check coded
        i=0 n=$(scaled 10)
        while [ $i -lt "$n" ]; do
            openssl dgst -sha256 -sign key.pem -out signature key.pem
            i=$((i + 1))
        done
        check signature
        ;;
    sh)
        i=0 n=$(scaled 60000) sum=0 word=
        while [ $i -lt "$n" ]; do
            case $((i % 7)) in
            0) word=$word$i ;;
            1) word=${word#?} ;;
            2) sum=$((sum + ${#word})) ;;
            3) [ ${#word} -lt 60 ] || word= ;;
            *) sum=$((sum * 3 % 1000003 + i)) ;;
            esac
            i=$((i + 1))
        done
        i=0 n=$(scaled 60)
        while [ $i -lt "$n" ]; do
            sum=$((sum + $(echo $i | busybox wc -c)))
            i=$((i + 1))
        done
        echo $sum
        ;;
    gcc)
        cc1=$(echo /usr/libexec/gcc*/*-linux-gnu/14/cc1) options=
        case $cc1 in
        */riscv64-*) options="-march=rv64gc -mabi=lp64d" ;;
        esac
        for file in /bench/source-*.i; do
            $cc1 -quiet -fpreprocessed -O2 $options -fno-ident "$file" -o out.s
            check out.s
        done
        ;;
    esac
}

$what
