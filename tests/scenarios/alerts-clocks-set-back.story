# All clocks were an hour ahead, and people were told. Set right again they still order what follows: it is told once, and
# an operator is obeyed.
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
A$ standby B
----
C comes up
A sees C up
A tells people (host-up of C, info): host C is up again
B sees C up
C sees B up
C sees A up
A answers: done, B is on standby
