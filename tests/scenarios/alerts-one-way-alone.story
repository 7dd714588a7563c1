# Where only one host has a way to tell, the bus of another takes what is about that host.
hosts A B C
tell-alerts
alerting B good
boot all
settle
crash B
run 20s
boot B
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
B loses power
A sees B down
A tells people (host-down of B, critical): host B is down: it cannot be reached
C sees B down
B comes up
A sees B up
A tells people (host-up of B, info): host B is up again
C sees B up
B sees A up
B sees C up

# Each side of a cut tells of the other, as it can.
part C
run 8s
heal
settle
run 2m
----
A sees C down
B sees C down
B tells people (host-down of C, critical): host C is down: it cannot be reached
C sees B down
C sees A down
C tells people (host-down of A, critical): host A is down: it cannot be reached
C tells people (host-down of B, critical): host B is down: it cannot be reached
C sees B up
C sees A up
A tells people (host-up of B, info): host B is up again
A sees C up
B tells people (host-up of A, info): host A is up again
B sees C up
B tells people (host-up of C, info): host C is up again
