# A failed check restarts in place; the third within the window moves the service.
hosts A B
service web A B status_interval=5s max_failures=3 failure_window=10m
boot all
settle
expect web on A
----
A comes up
B comes up
A sees B up
B sees A up
A starts web (placement)
A runs web

dies web A
run 8s
expect web on A
----
A checks web: exit 3
A alerts (warning): service web failed a check and is restarted: status exited with 3
A stops web (health)
A has stopped web
A starts web (health)
A runs web

dies web A
run 8s
expect web on A
----
A checks web: exit 3
A alerts (warning): service web failed a check and is restarted: status exited with 3
A stops web (health)
A has stopped web
A starts web (health)
A runs web

dies web A
run 8s
settle
expect web on B
expect one copy of web
explain web A
----
A checks web: exit 3
A alerts (critical): service web failed 3 checks here and has to move: status exited with 3
A stops web (health)
A has stopped web
B starts web (health from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which failed to run it
  web is running on B, epoch 2
  it belongs on B: B is the most preferred host that is up and able
    1 A: failed here: status exited with 3
    2 B: holds it
