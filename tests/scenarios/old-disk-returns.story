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
A comes up
B comes up
C comes up
A sees B up
A sees C up
C sees B up
B sees A up
C sees A up
B sees C up
C starts web (placement)
C runs web
C loses power
C comes up
C sees B up
C sees A up
B sees C down
B sees C up
C checks web: exit 3
C starts web (placement)
C runs web
C loses power
C comes up
C sees B up
C sees A up
A sees C down
A sees C up
C checks web: exit 3
C starts web (placement)
C runs web

crash C
restore C
boot C
settle
expect web on C
expect A sees C up
expect B sees C up
expect one copy of web
----
C loses power
C comes up
C sees B up
C sees A up
C checks web: exit 3
C starts web (placement)
C runs web
