# All hosts are upgraded one after the other, each in maintenance, and no service is interrupted by it.
hosts A B C
service db A B C ownership=majority margin=2s
service web B C A
boot all
settle
watch-gap db
watch-gap web
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
B starts web (placement)
B runs web
A starts db (placement)
A runs db

A$ maintenance-on A
leave A
run 5s
restart A
within 1m A linked B
A$ maintenance-off A
B$ maintenance-on B
leave B
run 5s
restart B
within 1m B linked C
B$ maintenance-off B
C$ maintenance-on C
leave C
run 5s
restart C
within 1m C linked A
C$ maintenance-off C
settle
show
expect gap of db below 0s
expect gap of web below 0s
expect one copy of db
expect one copy of web
----
A alerts (info): this host is in maintenance; services left alone: 1
A answers: done, A is in maintenance; services left alone: 1
A has left
C sees A down
B sees A down
A comes up
A sees B up
A sees C up
C sees A up
B sees A up
A alerts (info): the maintenance of this host is over
A answers: done, A is not in maintenance
B alerts (info): this host is in maintenance; services left alone: 1
B answers: done, B is in maintenance; services left alone: 1
B has left
C sees B down
A sees B down
B comes up
A sees B up
C sees B up
B sees A up
B sees C up
B alerts (info): the maintenance of this host is over
B answers: done, B is not in maintenance
C alerts (info): this host is in maintenance; services left alone: 0
C answers: done, C is in maintenance; services left alone: 0
C has left
A sees C down
B sees C down
C comes up
A sees C up
B sees C up
C sees B up
C sees A up
C alerts (info): the maintenance of this host is over
C answers: done, C is not in maintenance
  db: runs on A
  web: runs on B
