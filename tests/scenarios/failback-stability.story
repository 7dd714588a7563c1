# With a time of stability the preferred host has to be up for so long before it gets the service back.
hosts A B
service web A B failback=20s
boot all
settle
crash A
settle
expect web on B
----
A comes up
B comes up
A sees B up
B sees A up
A starts web (placement)
A runs web
A loses power
B sees A down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down

boot A
run 18s
expect web on B
within 5s web on A
expect one copy of web
----
A comes up
A checks web: exit 3
B sees A up
A sees B up
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
