# A host in maintenance is cut off: its lease has no end, so it goes on, and the majority on the other side starts
# nothing of it. Nobody there can end the maintenance but by saying that nothing runs there, which nobody says.
hosts A B C
service db A B C ownership=majority margin=2s
boot all
settle
A$ maintenance-on A
silence A
run 1m
view B
view A
expect db on A
expect one copy of db
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
A answers: done, A is in maintenance; services left alone: 1
B sees A down
C sees A down
A sees B down
A sees C down
  B sees A=down/maintenance B=up/self C=up/direct
  B sees db stopped: stays on A, which is in maintenance
  A sees A=up/self/maintenance B=down C=down
  A sees db running on A: stays on A, which is in maintenance

# Nor can A itself, as its lease would end at once.
A$ maintenance-off A
expect db on A
----
A answers: refused, the maintenance of A goes on, as no majority of the voters answers it

unsilence A
settle
A$ maintenance-off A
settle
expect db on A
expect one copy of db
----
A sees B up
A sees C up
B sees A up
C sees A up
A alerts (info): the maintenance of this host is over
A answers: done, A is not in maintenance
