# The host that pushes fails when all have prepared and before it has decided: nobody may, until it is back and says that
# nothing came of it.
hosts A B C D
service web A B C D
boot all
settle
----
A comes up
B comes up
C comes up
D comes up
A sees C up
A sees B up
B sees C up
A sees D up
C sees A up
B sees A up
C sees B up
D sees B up
D sees C up
D sees A up
C sees D up
B sees D up
A starts web (placement)
A runs web

service web B A C D
disk A slow
A$ push &
run 3500ms
kill A
settle
view B
D$ push
----
A's engine dies
A stops web (lost-ownership)
A has stopped web
D sees A down
B sees A down
C sees A down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
  B sees A=down B=up/self C=up/direct D=up/direct
  B sees web running on B: B is the most preferred host that is up and able
D answers: refused, a push of A is under way

# What its administrator has edited there stays, and comes into force as any edit does at a start.
disk A good
restart A
settle
expect web on B
D$ push
settle
expect web on B
----
A comes up
B sees A up
C sees A up
A sees B up
A sees C up
A sees D up
B stops web (failback to A)
B alerts (warning): the services file of this host differs from the newer one that is in force
C alerts (warning): the services file of this host differs from the newer one that is in force
D sees A up
D alerts (warning): the services file of this host differs from the newer one that is in force
B has stopped web
B starts web (operator)
B runs web
D answers: done, configuration 2 is in force
  A: applied
  B: applied
  C: applied
  D: applied

# It fails when it has decided, and no word of that has got to C and D but by B.
service web C A B D
latency A C 400ms
latency A D 400ms
A$ push &
run 1150ms
cut A C
cut A D
kill A
heal
settle
expect web on C
D$ push
----
B stops web (failback to C)
A's engine dies
B has stopped web
C sees A down
C starts web (failback from B)
D sees A down
B sees A down
C runs web
D answers: done, configuration 4 is in force
  A: away; it gets it when it returns
  B: applied
  C: applied
  D: applied
