# With failback = never a service stays where it is when the preferred host returns.
hosts A B
service web A B failback=never
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
settle
expect web on B
----
A loses power
B sees A down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down

boot A
settle
expect web on B
explain web A
----
A comes up
A checks web: exit 3
B sees A up
A sees B up
  web is running on B, epoch 2
  it belongs on B: runs on B; A is preferred, but failback is "never"
    1 A: is able
    2 B: holds it

A$ move web A
settle
expect web on A
----
B stops web (move to A)
B has stopped web
A starts web (move from B)
A runs web
A answers: done, web runs on A
