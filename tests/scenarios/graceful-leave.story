# A host that leaves hands its services over first, then says goodbye; nobody waits for the dead time.
hosts A B* C
service web A B C
service mail A C
boot all
settle
expect web on A
----
A comes up
B comes up
C comes up
B sees A up
A sees C up
B sees C up
A sees B up
C sees A up
C sees B up
A starts web (placement)
A starts mail (placement)
A runs mail
A runs web

leave A
within 4s B sees A down
settle
expect web on B
expect mail on C
expect one copy of web
expect one copy of mail
----
A stops web (shutdown to B)
A stops mail (shutdown to C)
A has stopped web
B starts web (failover from A)
A has stopped mail
A has left
C sees A down
B sees A down
C starts mail (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which cannot run it
C runs mail
C alerts (warning): service mail runs here now instead of on A, which is down

restart A
settle
expect web on A
expect mail on A
expect one copy of web
----
A comes up
A sees B up
A sees C up
C sees A up
C stops mail (failback to A)
B sees A up
B stops web (failback to A)
A checks mail: exit 3
C has stopped mail
A starts mail (failback from C)
B has stopped web
A starts web (failback from B)
A runs mail
A runs web
