# The host in maintenance dies, and an operator says elsewhere that its maintenance is over: what ran there is started
# at once. When the host comes back it learns so before it does anything.
hosts A B C
service db A B C ownership=majority margin=2s failback=never
service web A B C
boot all
settle
B$ maintenance-on A
crash A
run 20s
expect db nowhere
expect web nowhere
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
A starts web (placement)
A runs web
A starts db (placement)
A runs db
A alerts (info): this host is in maintenance; services left alone: 2
B answers: done, A is in maintenance; services left alone: 2
A loses power
B sees A down
C sees A down

B$ maintenance-off A
within 10s db on B
within 10s web on B
----
B answers: done, A is not in maintenance
B starts web (failover from A)
B starts db (failover from A)

boot A
settle
show
expect one copy of db
expect one copy of web
----
A comes up
C sees A up
B sees A up
A sees B up
A sees C up
A alerts (warning): the maintenance of this host was ended by another host: what runs here goes on only where nobody has taken it over
A alerts (info): the maintenance of this host is over
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A alerts (critical): service db is killed here: its lease ends before it has stopped
A checks db: signal 9
A checks web: exit 3
A stops db (lost-ownership)
A has stopped db
B runs db
B alerts (warning): service db runs here now instead of on A, which is down
B runs web
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
A runs web
  db: runs on B
  web: runs on A
