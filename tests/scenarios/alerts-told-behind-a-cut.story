# C, whose clock is late, is cut off and tells that A is down; the others have told since that A went and came, by later
# stamps. When all meet, nobody tells again what C has told, and people hear that A is there.
hosts A B C
tell-alerts
alerting all good
clock C -20s
boot all
settle
part A
run 10s
heal
settle
run 5s
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
C sees A down
B sees A down
B tells people (host-down of A, critical): host A is down: it cannot be reached
A sees B down
A sees C down
A tells people (host-down of B, critical): host B is down: it cannot be reached
A tells people (host-down of C, critical): host C is down: it cannot be reached
A sees B up
A sees C up
A tells people (host-up of B, info): host B is up again
A tells people (host-up of C, info): host C is up again
B tells people (host-up of C, info): host C is up again
B sees A up
B tells people (host-up of A, info): host A is up again
C tells people (host-up of B, info): host B is up again
C sees A up

part C
run 10s
part A
run 8s
heal A B
run 5s
----
B sees C down
A sees C down
A tells people (host-down of C, critical): host C is down: it cannot be reached
C sees B down
C sees A down
C tells people (host-down of A, critical): host A is down: it cannot be reached
C tells people (host-down of B, critical): host B is down: it cannot be reached
A sees B down
A tells people (host-down of B, critical): host B is down: it cannot be reached
B sees A down
B tells people (host-down of A, critical): host A is down: it cannot be reached
A sees B up
A tells people (host-up of B, info): host B is up again
B sees A up
B tells people (host-up of A, info): host A is up again

heal
settle
run 10s
----
C sees B up
C sees A up
A sees C up
A tells people (host-up of C, info): host C is up again
A tells people (host-up of B, info): host B is up again
B tells people (host-up of A, info): host A is up again
B sees C up
