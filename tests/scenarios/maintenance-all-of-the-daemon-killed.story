# In maintenance both engine and guardian are killed, and what the unit then runs spares what is left alone. An engine
# that is killed alone finds everything under its guardian.
hosts A B C
service db A B C ownership=majority margin=2s status=no
boot all
settle
C$ maintenance-on A
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
A starts db (placement)
A runs db
A alerts (info): this host is in maintenance; services left alone: 1
C answers: done, A is in maintenance; services left alone: 1

kill A
run 30s
expect db on A
restart A
settle
expect db on A
----
A's engine dies
C sees A down
B sees A down
A comes up
C sees A up
B sees A up
A sees B up
A sees C up

fence A
run 30s
view C
expect db on A
restart A
settle
expect db on A
----
A's engine dies
B sees A down
C sees A down
  C sees A=down/maintenance B=up/direct C=up/self
  C sees db stopped: stays on A, which is in maintenance
A comes up
A sees B up
A sees C up
B sees A up
C sees A up

# An operator's orders for it are refused meanwhile.
B$ stop db
B$ move db B
B$ disable db
B$ standby A
B$ maintenance-off A
settle
expect db on A
expect one copy of db
B$ move db B
expect db on B
----
B answers: refused, db is left alone, as A is in maintenance
B answers: refused, db is left alone, as A is in maintenance
B answers: refused, db is left alone, as A is in maintenance
B answers: refused, A is in maintenance; end that first
A alerts (info): the maintenance of this host is over
B answers: done, A is not in maintenance
A stops db (move to B)
A has stopped db
B starts db (move from A)
B runs db
B answers: done, db runs on B
