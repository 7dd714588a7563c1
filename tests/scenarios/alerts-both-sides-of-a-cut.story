# Each side tells of the other; once they meet, that all are there again.
hosts A B C D
tell-alerts
alerting all good
boot all
settle
part A B
run 10s
----
A comes up
B comes up
C comes up
D comes up
A sees C up
A sees B up
B sees C up
A sees D up
C sees A up
B sees A up
C sees B up
D sees C up
D sees B up
D sees A up
C sees D up
B sees D up
C sees B down
C sees A down
C tells people (host-down of A, critical): host A is down: it cannot be reached
C tells people (host-down of B, critical): host B is down: it cannot be reached
D sees B down
D sees A down
A sees C down
A sees D down
A tells people (host-down of C, critical): host C is down: it cannot be reached
A tells people (host-down of D, critical): host D is down: it cannot be reached
B sees C down
B sees D down

heal
settle
run 5s
----
D tells people (host-up of C, info): host C is up again
D sees B up
D sees A up
C tells people (host-up of D, info): host D is up again
C sees B up
C sees A up
B tells people (host-up of A, info): host A is up again
B sees C up
B sees D up
A tells people (host-up of B, info): host B is up again
A sees C up
A sees D up
A tells people (host-up of C, info): host C is up again
A tells people (host-up of D, info): host D is up again
