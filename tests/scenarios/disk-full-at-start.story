# The engine of A starts while its disk is full: it cannot store its incarnation, so it does not speak, and
# says so without flooding anybody. Once there is room it takes part.
hosts A B
service web A B
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

kill A
disk A fails
restart A
run 60s
expect B sees A down
view B
----
A's engine dies
A comes up
A alerts (critical): this host cannot join: its state cannot be stored: no space left on device
A alerts (critical): this host has not been heard for the dead time, as its state cannot be stored; it stops what another host can run
B sees A down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
A checks web: signal 9
A stops web (lost-ownership)
A has stopped web
  B sees A=down B=up/self
  B sees web running on B: B is the most preferred host that is up and able

disk A good
settle
expect B sees A up
expect web on A
----
A alerts (info): this host joins: its state can be stored again
B sees A up
A sees B up
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
A runs web
