# With failback = never a service stays where it is when the preferred host returns.
hosts A B
service web A B failback=never
boot all
settle
expect web on A
----

crash A
settle
expect web on B
----

boot A
settle
expect web on B
explain web A
----

A$ move web A
settle
expect web on A
----
