# Two hosts with addresses boot at the same moment and dial each other: one link stays.
hosts A B
latency A B 50ms
service web B A
boot A B
settle
expect A linked B
expect web on B
expect one copy of web
----
A comes up
B comes up
A sees B up
B sees A up
B starts web (placement)
B runs web

# Both ends lose the connection at once, and dial at once.
reset A B
settle
expect A linked B
expect web on B
expect one copy of web
----

reset A B
run 60ms
reset A B
run 60ms
half-open A B
settle
expect A linked B
expect web on B
expect one copy of web
----
