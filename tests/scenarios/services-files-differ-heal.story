# The services files of two hosts differ: the newer order decides for both, and all are told.
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

service web B A C
reload B
settle
expect web on B
view A
view C
----
C alerts (warning): the services file of this host differs from the newer one that is in force
A alerts (warning): the services file of this host differs from the newer one that is in force
A stops web (failback to B)
A has stopped web
B starts web (failback from A)
B runs web
  A sees A=up/self B=up/direct C=up/direct
  A sees web running on B: B is the most preferred host that is up and able
  C sees A=up/direct B=up/direct C=up/self
  C sees web running on B: B is the most preferred host that is up and able

# Edited on A while A is cut off; when the sides meet the newer order holds for all.
silence A
settle
service web C B A
reload A
run 2s
unsilence A
settle
show
view A
view B
----
C sees A down
B sees A down
A sees B down
A sees C down
A starts web (failover from B)
A runs web
A alerts (warning): service web runs here now instead of on B, which is down
A sees B up
A sees C up
A stops web (lost-ownership to C)
C sees A up
B sees A up
B alerts (warning): the services file of this host differs from the newer one that is in force
B stops web (failback to C)
A has stopped web
B has stopped web
C starts web (failback from B)
C runs web
  web: runs on C
  A sees A=up/self B=up/direct C=up/direct
  A sees web running on C: C is the most preferred host that is up and able
  B sees A=up/direct B=up/self C=up/direct
  B sees web running on C: C is the most preferred host that is up and able

# In the end the files agree.
reload all
settle
expect web on C
----
