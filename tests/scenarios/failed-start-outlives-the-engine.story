# A host that could not start a service is not tried again because its engine died, or its daemon was replaced.
hosts A B
service web A B
scripts web A start=fails
boot all
settle
show
----
A comes up
B comes up
A sees B up
B sees A up
A starts web (placement)
A: start of web ends with exit 1
A alerts (critical): service web failed to start here: start exited with 1
A stops web (health)
A has stopped web
B starts web (health from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which failed to run it
  web: runs on B

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
----
A's engine dies
A comes up
A sees B up
A alerts (info): this host is in maintenance; services left alone: 0
A answers: done, A is in maintenance; services left alone: 0
A has left
B sees A down
A comes up
A sees B up
B sees A up
A alerts (info): the maintenance of this host is over
A answers: done, A is not in maintenance
  web: runs on B
