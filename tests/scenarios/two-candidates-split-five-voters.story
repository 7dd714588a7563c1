# A and B come up at the same moment, each next to one voter and far from the rest, so that each takes the service for
# its own before it has heard of the other: their claims share the voters out among them. The less preferred gives way.
hosts A B C D E
service db A B ownership=majority margin=2s
boot all
settle 1m
expect db on A
----
A comes up
B comes up
C comes up
D comes up
E comes up
E sees C up
E sees B up
C sees B up
A sees B up
A sees C up
B sees D up
A sees D up
E sees D up
B sees A up
E sees A up
C sees A up
D sees C up
D sees B up
D sees A up
C sees D up
B sees C up
C sees E up
B sees E up
A sees E up
D sees E up
A starts db (placement)
A runs db

crash A
crash B
run 12s
latency A B 300ms
latency A D 300ms
latency A E 300ms
latency B C 300ms
latency B D 300ms
latency C D 300ms
latency C E 300ms
latency D E 300ms
boot A B
within 30s db on A
settle 1m
expect db on A
expect one copy of db
show
----
A loses power
B loses power
C sees B down
C sees A down
D sees B down
D sees A down
E sees B down
E sees A down
A comes up
B comes up
A checks db: exit 3
A sees C up
A sees D up
A sees E up
C sees A up
E sees B up
B sees C up
B sees D up
B sees E up
D sees A up
C sees B up
A sees B up
D sees B up
E sees A up
B sees A up
A starts db (placement)
A runs db
  db: runs on A
