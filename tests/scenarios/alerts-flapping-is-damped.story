# What comes and goes is told until it has changed six times within ten minutes; then that it flaps, and no more until
# it has not changed for five.
hosts A B C
tell-alerts
alerting all good
boot all
settle
crash C
run 20s
boot C
run 20s
crash C
run 20s
boot C
run 20s
crash C
run 20s
boot C
run 20s
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
A tells people (host-down of C, critical): host C is down: it cannot be reached
B sees C down
C comes up
A sees C up
A tells people (host-up of C, info): host C is up again
B sees C up
C sees B up
C sees A up
C loses power
A sees C down
A tells people (host-down of C, critical): host C is down: it cannot be reached
B sees C down
C comes up
C sees B up
C sees A up
A sees C up
A tells people (host-up of C, info): host C is up again
B sees C up
C loses power
B sees C down
A sees C down
A tells people (host-down of C, critical): host C is down: it cannot be reached
C comes up
C sees B up
C sees A up
A sees C up
A tells people (host-flaps of C, critical): host C flaps: it has changed 6 times within 10 min; no more of it is told until it has not for 5 min
B sees C up

# The host that told goes away, and still nobody tells more of it.
crash A
run 20s
crash C
run 20s
boot C
run 20s
boot A
run 30s
----
A loses power
B sees A down
B tells people (host-down of A, critical): host A is down: it cannot be reached
C sees A down
C loses power
B sees C down
C comes up
B sees C up
C sees B up
A comes up
C sees A up
B sees A up
B tells people (host-up of A, info): host A is up again
A sees B up
A sees C up

run 6m
----
A tells people (host-up of C, info): host C is up, and no longer flaps
