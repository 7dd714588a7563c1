# People are told of the hosts that are monitored alone.
hosts A B C
monitor A B
tell-alerts
alerting all good
boot all
settle
crash C
run 10s
crash B
run 10s
boot B C
settle
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
C loses power
A sees C down
B sees C down
B loses power
A sees B down
A tells people (host-down of B, critical): host B is down: it cannot be reached
B comes up
C comes up
A sees C up
A sees B up
A tells people (host-up of B, info): host B is up again
C sees B up
C sees A up
B sees C up
B sees A up
