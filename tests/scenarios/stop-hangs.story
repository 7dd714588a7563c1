# A stop that hangs is killed with all it started. Where status then says that the service is gone, all is
# well; where it is not, the service is stop-failed here and says so.
hosts A B
service web A B stop_timeout=5s
service bare A B stop_timeout=5s status=no
boot all
settle
----
A comes up
B comes up
A sees B up
B sees A up
A starts web (placement)
A starts bare (placement)
A runs bare
A runs web

scripts web A stop=hangs
scripts bare A stop=hangs
A$ move web B
A$ move bare B
settle
view B
----
A stops web (move to B)
A: stop of web ends with signal 9
A alerts (critical): service web could not be stopped here: stop failed, and then status exited with 0
B starts web (move from A)
B runs web
A answers: done, web runs on B
A stops bare (move to B)
A: stop of bare ends with signal 9
A alerts (critical): service bare could not be stopped here: stop was killed after 5 s
B starts bare (move from A)
B runs bare
A answers: done, bare runs on B
  B sees A=up/direct B=up/self
  B sees web running on B: moved to B by the operator until "clear"; could not be stopped on A, where it may still run: "clear" tries again
  B sees bare running on B: moved to B by the operator until "clear"; could not be stopped on A, where it may still run: "clear" tries again

# The stop works again, and the operator says so.
scripts web A stop=good
scripts bare A stop=good
A$ clear web
A$ clear bare
settle
show
expect web on A
expect bare on A
----
A stops web (operator)
B stops web (failback to A)
A has stopped web
B has stopped web
A starts web (failback from B)
A runs web
A answers: done, web runs on A
A stops bare (operator)
B stops bare (failback to A)
A has stopped bare
B has stopped bare
A starts bare (failback from B)
A runs bare
A answers: done, bare runs on A
  web: runs on A
  bare: runs on A
