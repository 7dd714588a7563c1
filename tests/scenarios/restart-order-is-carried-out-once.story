# Services that were restarted by an order go on when the engine dies, and when the daemon is replaced in maintenance: the
# next engine knows that the order was carried out.
hosts A B C
service web A B C
service db A B C ownership=majority margin=2s
boot all
settle
A$ restart web
B$ restart db
settle
watch-gap web
watch-gap db
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
A stops web (operator)
A has stopped web
A starts web (operator)
A runs web
A answers: done, web runs on A
A stops db (operator)
A has stopped db
A starts db (operator)
A runs db
B answers: done, db runs on A

kill A
restart A
settle
A$ maintenance-on A
leave A
run 5s
restart A
within 1m A linked B
A$ maintenance-off A
settle
show
expect gap of web below 0s
expect gap of db below 0s
----
A's engine dies
A comes up
A sees B up
A sees C up
A alerts (info): this host is in maintenance; services left alone: 2
A answers: done, A is in maintenance; services left alone: 2
A has left
B sees A down
C sees A down
A comes up
C sees A up
B sees A up
A sees B up
A sees C up
A alerts (info): the maintenance of this host is over
A answers: done, A is not in maintenance
  web: runs on A
  db: runs on A

# An order of its own for each.
A$ restart web
settle
----
A stops web (operator)
A has stopped web
A starts web (operator)
A runs web
A answers: done, web runs on A
