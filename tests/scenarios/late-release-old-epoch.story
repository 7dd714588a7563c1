# Releases and answers that come late, of a claim long over, change nothing: the link of A and B is slow, so
# that what they say of one claim arrives during the next.
hosts A B C
service web A B C
latency A B 400ms
boot all
settle
expect web on A
expect one copy of web
----
A comes up
B comes up
C comes up
A sees C up
C sees A up
C sees B up
B sees A up
B sees C up
A sees B up
A starts web (placement)
A runs web

A$ move web B
settle
expect web on B
A$ move web C &
run 200ms
B$ move web A &
run 300ms
C$ move web B &
settle
expect web on B
expect one copy of web
----
A stops web (move to B)
A has stopped web
B starts web (move from A)
B runs web
A answers: done, web runs on B
B stops web (move to C)
B has stopped web
C starts web (move from B)
A answers: refused, the move to C has ended: moved to A by the operator until "clear"
B answers: refused, the move to A has ended: moved to B by the operator until "clear"
C runs web
C stops web (move to B)
C has stopped web
B starts web (move from C)
B runs web
C answers: done, web runs on B

A$ clear web
settle
expect web on A
expect one copy of web
----
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
A runs web
A answers: done, web runs on A
