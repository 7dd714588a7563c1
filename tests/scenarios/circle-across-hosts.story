# Each host's own files are without a circle, and together they are not. What orders gives way; nothing waits for ever.
hosts A B C
service db A
service cache B
service web C
service db A after=web
install A
service db A after=
service cache B after=db
install B
service cache B after=
service web C after=cache
install C
boot all
settle
expect db on A
expect cache on B
expect web on C
explain web A
explain cache A
----
A comes up
B comes up
C comes up
A sees B up
A sees C up
C sees B up
B sees A up
C sees A up
C alerts (critical): service web: that it comes after cache is ignored, as the files of several hosts together make a circle of it: web, cache, db, web
B sees C up
C starts web (placement)
C runs web
A starts db (placement)
A runs db
B starts cache (placement)
B runs cache
  web is running on C, epoch 1
  it belongs on C: C is the most preferred host that is up and able
  it starts after cache, and stops before
  that it comes after cache is ignored, as it would close a circle: web, cache, db, web
    3 C: holds it
  cache is running on B, epoch 1
  it belongs on B: B is the most preferred host that is up and able
  it starts after db, and stops before
    2 B: holds it

# Once the files are set right nothing is ignored any more.
service db A after=
service cache B after=db
service web C after=cache
reload all
settle
explain web A
----
  web is running on C, epoch 1
  it belongs on C: C is the most preferred host that is up and able
  it starts after cache, and stops before
    3 C: holds it
