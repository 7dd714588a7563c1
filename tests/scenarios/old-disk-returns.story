# A host comes back with an older disk: it hears its own record, newer than what it knows of itself, and goes
# on with a higher incarnation.
hosts A B C
service web C A B
boot all
settle
backup C
crash C
boot C
settle
crash C
boot C
settle
expect web on C
----

crash C
restore C
boot C
settle
expect web on C
expect A sees C up
expect B sees C up
expect one copy of web
----
