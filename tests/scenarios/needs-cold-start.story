# Services that come after others wait for these to run, wherever that is, in whatever order hosts start.
hosts A B C
service web C A after=cache,db
service cache B C after=db
service db A B
scripts db all start=3s
scripts cache all start=2s
boot C
run 1s
boot B
run 1s
boot A
settle
expect db on A
expect cache on B
expect web on C
----
C comes up
B comes up
B sees C up
C sees B up
A comes up
A sees B up
A sees C up
C sees A up
B sees A up
A starts db (placement)
A runs db
B starts cache (placement)
B runs cache
C starts web (placement)
C runs web

# The whole cluster goes down and comes back the other way round.
crash A
crash B
crash C
run 10s
boot A
run 1s
boot B
run 1s
boot C
settle
expect db on A
expect cache on B
expect web on C
----
A loses power
B loses power
C loses power
A comes up
A checks db: exit 3
B comes up
B sees A up
A sees B up
B checks cache: exit 3
C comes up
C sees B up
C sees A up
A sees C up
B sees C up
A starts db (placement)
C checks web: exit 3
A runs db
B starts cache (placement)
B runs cache
C starts web (placement)
C runs web

# What runs goes on where another that it comes after fails: what is ordered are starts.
scripts db A status=fails
dies db A
within 10s A state db starting
view C
explain web C
----
A checks db: exit 1
A alerts (warning): service db failed a check and is restarted: status exited with 1
A stops db (health)
A has stopped db
A starts db (health)
  C sees A=up/direct B=up/direct C=up/self
  C sees web running on C: C is the most preferred host that is up and able
  C sees cache running on B: B is the most preferred host that is up and able
  C sees db starting on A: A is the most preferred host that is up and able
  web is running on C, epoch 2
  it belongs on C: C is the most preferred host that is up and able
  it starts after cache, db, and stops before
    3 C: holds it
    1 A: is able

# Nobody is to run db, so nobody waits for it.
scripts db A status=good
settle
A$ stop db
A$ restart cache
A$ standby B
settle
expect db nowhere
expect cache on C
explain cache A
----
A runs db
A stops db (operator)
A has stopped db
A answers: done, db is stopped
B stops cache (operator)
B has stopped cache
B starts cache (operator)
B runs cache
A answers: done, cache runs on B
B stops cache (operator to C)
B has stopped cache
A answers: done, B is on standby
C starts cache (operator from B)
C runs cache
  cache is running on C, epoch 3
  it belongs on C: C is the most preferred host that is up and able
  it starts after db, and stops before
    2 B: is on standby
    3 C: holds it

# Whoever waits says for whom.
B$ online B
A$ stop cache
A$ stop web
settle
A$ start web &
A$ start cache &
A$ start db &
run 1s
explain cache A
view C
settle
expect web on C
----
B answers: done, B is online
C stops cache (failback to B)
C has stopped cache
A answers: done, cache is stopped
C stops web (operator)
C has stopped web
A answers: done, web is stopped
A starts db (operator)
  cache is stopped, epoch 4
  it belongs on B: B is the most preferred host that is up and able, but it waits for db, which starts on A
  it starts after db, and stops before
    2 B: is able
    3 C: is able
  C sees A=up/direct B=up/direct C=up/self
  C sees web stopped: C is the most preferred host that is up and able, but it waits for cache, which is to run on B
  C sees cache stopped: B is the most preferred host that is up and able, but it waits for db, which starts on A
  C sees db starting on A: A is the most preferred host that is up and able
A runs db
A answers: done, db runs on A
B starts cache (failback from C)
B runs cache
A answers: done, cache runs on B
C starts web (operator)
C runs web
A answers: done, web runs on C
