# All clocks were an hour ahead, and people were told. Set right again, no host can note what it tells for that hour: each
# of them tells what comes next, but once.
hosts A B C
tell-alerts
alerting all good
clock A 20001h
clock B 20001h
clock C 20001h
boot all
settle
crash C
run 10s
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

clock A 20000h
clock B 20000h
clock C 20000h
boot C
settle
run 20m
----
C comes up
A sees C up
A tells people (host-up of C, info): host C is up again
B sees C up
C sees B up
C sees A up
B tells people (host-up of C, info): host C is up again
