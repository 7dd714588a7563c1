# However long the silence was: when it ends, one host tells what is down.
hosts A B C
tell-alerts
alerting all good
boot all
settle
A$ silence all 300
run 1s
crash C
run 270s
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
A answers: done, alerts of all are silenced for 300 s
C loses power
B sees C down
A sees C down

run 1m
----
A tells people (host-down of C, critical): host C is down: it cannot be reached
