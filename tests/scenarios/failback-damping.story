# The first return of a preferred host is taken at once, a second within the failure window only after the
# dead time of stability, then it doubles.
hosts A B
service web A B failure_window=5m
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

crash A
within 7s web on B
boot A
within 2s web on A
----
A loses power
B sees A down
B starts web (failover from A)
A comes up
A checks web: exit 3
A sees B up
B sees A up
B runs web
B stops web (failback to A)
B has stopped web
A starts web (failback from B)

crash A
within 7s web on B
boot A
run 4s
expect web on B
within 4s web on A
----
A loses power
B sees A down
B starts web (failover from A)
A comes up
B sees A up
A sees B up
A checks web: exit 3
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
B stops web (failback to A)
B has stopped web
A starts web (failback from B)

crash A
within 7s web on B
boot A
run 8s
expect web on B
within 5s web on A
expect one copy of web
----
A loses power
B sees A down
B starts web (failover from A)
A comes up
B sees A up
A sees B up
A checks web: exit 3
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
