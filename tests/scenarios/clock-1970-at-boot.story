# A board without a battery boots in 1970. Its orders do not lose for that, nor win for ever.
hosts A B C
service web A B C
clock C 1970
boot all
settle
----

C$ disable web
settle
expect web nowhere
----

A$ enable web
settle
expect web on A
----

# And a clock two days ahead: a stamp beyond the bound is refused and made anew.
clock B 48h
B$ disable web
settle
view A
----

A$ enable web
settle
expect web on A
view B
----
