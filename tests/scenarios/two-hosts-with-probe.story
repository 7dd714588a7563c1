# Two hosts, and an address outside. Where the cable between them is cut and both still reach that, each takes the other
# for down, which is what ownership `peers` risks; the one that reaches nothing at all stops what the other starts.
probe
hosts A B
machine W
service web A B
boot A B
settle
cut A B
run 20s
show
heal A B
settle
expect web on A
----
A comes up
B comes up
A sees B up
B sees A up
A starts web (placement)
A runs web
B sees A down
A sees B down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
  web: runs on A, B
A sees B up
B sees A up
B stops web (lost-ownership to A)
B has stopped web

silence A
within 15s web on B
run 10s
expect web on B
unsilence A
settle
expect web on A
----
B sees A down
A alerts (critical): this host is offline: for 5 s it has heard neither another host nor any of what `probe` names; it stops what another host can run
A sees B down
A stops web (lost-ownership)
B starts web (failover from A)
A has stopped web
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
A alerts (info): this host is no longer taken for offline: another host is heard
A starts web (operator)
B sees A up
B stops web (lost-ownership to A)
A sees B up
A runs web
B has stopped web
