# A dies, and B, the next in line, cannot store its claim. It says that it is not able, so C takes over; once there is
# room again B is preferred as before.
hosts A B C
service web A B C
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
A runs web

disk B fails
crash A
within 20s web on C
run 30s
expect web on C
view C
----
A loses power
B sees A down
C sees A down
B alerts (critical): service web is not started: the claim cannot be stored: no space left on device
C starts web (failover from A)
C runs web
C alerts (warning): service web runs here now instead of on A, which is down
  C sees A=down B=up/direct C=up/self
  C sees web running on C: C is the most preferred host that is up and able

disk B good
settle
expect web on B
----
B alerts (info): the state of this host can be stored again
C stops web (failback to B)
C has stopped web
B starts web (failback from C)
B runs web
