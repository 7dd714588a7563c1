# The machine in maintenance is restarted: nothing runs there any more, and nothing is started until it ends, neither
# there nor elsewhere. Then each starts anew, at a higher epoch.
hosts A B C
service db A B C ownership=majority margin=2s
service bare A B status=no
boot all
settle
A$ maintenance-on A
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
A starts bare (placement)
A runs bare
A starts db (placement)
A runs db
A alerts (info): this host is in maintenance; services left alone: 2
A answers: done, A is in maintenance; services left alone: 2

crash A
run 30s
expect db nowhere
boot A
settle
view B
expect db nowhere
expect bare nowhere
explain db B
----
A loses power
C sees A down
B sees A down
A comes up
A checks db: exit 3
C sees A up
B sees A up
A sees B up
A sees C up
  B sees A=up/direct/maintenance B=up/self C=up/direct
  B sees db stopped: stays on A, which is in maintenance
  B sees bare stopped: stays on A, which is in maintenance
  db is stopped, epoch 1
  it belongs on A: stays on A, which is in maintenance
  it is owned by majority: another host starts it at the earliest 7 s after its host was heard last (dead_time 5 s, fence_margin 2 s)
  those that vote on it are A, B and C (set 1)
    1 A: is in maintenance
    2 B: is able
    3 C: is able

A$ maintenance-off A
settle
show
expect db on A
expect bare on A
----
A alerts (info): the maintenance of this host is over
A answers: done, A is not in maintenance
A starts bare (placement)
A starts db (placement)
A runs bare
A runs db
  db: runs on A
  bare: runs on A
