# The engine of A dies while its disk is full. The next takes up what runs, and cannot join, as it cannot store its
# incarnation: nobody hears of it. When the others have taken A for down, it stops what they start.
hosts A B C
service web A B C
service own A
boot all
settle
expect web on A
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
A starts own (placement)
A runs own
A runs web

disk A fails
kill A
restart A
within 20s web on B
run 20s
expect web on B
expect own on A
----
A's engine dies
A comes up
A alerts (critical): this host cannot join: its state cannot be stored: no space left on device
A alerts (critical): this host has not been heard for the dead time, as its state cannot be stored; it stops what another host can run
B sees A down
C sees A down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
A checks web: signal 9
A stops web (lost-ownership)
A has stopped web

disk A good
settle
expect web on A
expect own on A
----
A alerts (info): this host joins: its state can be stored again
B sees A up
C sees A up
A sees B up
A sees C up
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
A runs web
