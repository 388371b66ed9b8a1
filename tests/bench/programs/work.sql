-- SPDX-License-Identifier: GPL-2.0-or-later
-- Work for the sqlite row.
create table item(id integer primary key, name text, price real, kind integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < :n)
insert into item select i, 'item ' || (i * 7919 % 10007), (i * 37 % 1000) * 0.25, i * i % 41 from n;
create index by_kind on item(kind, price);
create table sale(item integer, amount integer);
insert into sale select id * 31 % (:n) + 1, id % 9 from item;
select kind, count(*), printf('%.2f', sum(price)), min(name) from item group by kind order by 1 limit 5;
select i.kind, sum(s.amount * i.price) from sale s join item i on i.id = s.item group by 1 order by 2 desc limit 5;
select count(*) from item where name like '%77%';
update item set price = price * 1.5 where kind in (3, 5, 7);
select printf('%.3f', avg(price)), max(length(name)) from item;
delete from sale where item in (select id from item where kind < 10);
select count(*), sum(amount) from sale;
