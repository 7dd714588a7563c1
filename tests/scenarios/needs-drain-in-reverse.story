# On a host that they have to leave, services stop in reverse order: what comes after others stops before them.
hosts A B
service db A B
service cache A B after=db
service web A B after=cache
service other A B
scripts db all start=1s stop=1s
scripts cache all start=1s stop=1s
scripts web all start=1s stop=1s
boot all
settle
expect web on A
----
A comes up
B comes up
A sees B up
B sees A up
A starts db (placement)
A starts other (placement)
A runs other
A runs db
A starts cache (placement)
A runs cache
A starts web (placement)
A runs web

A$ standby A
settle
expect db on B
expect web on B
expect one copy of web
----
A stops web (operator to B)
A stops other (operator to B)
A has stopped other
B starts other (operator from A)
B runs other
A has stopped web
A stops cache (operator to B)
A has stopped cache
A stops db (operator to B)
A has stopped db
A answers: done, A is on standby
B starts db (operator from A)
B runs db
B starts cache (operator from A)
B runs cache
B starts web (operator from A)
B runs web

# One that cannot be stopped is not waited for.
B$ online A
settle
scripts cache A stop=fails status=fails
A$ standby A
settle 300s
expect db on B
expect web on B
----
B stops web (failback to A)
B stops other (failback to A)
B answers: done, A is online
B has stopped other
A starts other (failback from B)
A runs other
B has stopped web
B stops cache (failback to A)
B has stopped cache
B stops db (failback to A)
B has stopped db
A starts db (failback from B)
A runs db
A starts cache (failback from B)
A runs cache
A starts web (failback from B)
A runs web
A stops web (operator to B)
A stops other (operator to B)
A has stopped other
B starts other (operator from A)
B runs other
A checks cache: exit 1
A alerts (warning): service cache failed a check and is restarted: status exited with 1
A stops cache (health)
A has stopped web
A: stop of cache ends with exit 1
A checks cache: exit 1
A alerts (critical): service cache could not be stopped here: stop failed, and then status exited with 1
A stops db (operator to B)
A has stopped db
A answers: done, A is on standby
B starts db (operator from A)
B runs db
B starts cache (operator from A)
B runs cache
B starts web (operator from A)
B runs web
