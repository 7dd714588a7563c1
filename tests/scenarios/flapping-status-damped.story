# Checks that fail now and then are no failure: fall of them have to, and good ones between forgive them.
hosts A B
service web A B status_interval=5s fall=3
boot all
settle
expect web on A
scripts web A status=fails
run 10s
view B
scripts web A status=good
run 5s
scripts web A status=fails
run 10s
scripts web A status=good
run 5s
expect web on A
----
A comes up
B comes up
A sees B up
B sees A up
A starts web (placement)
A runs web
A checks web: exit 1
A checks web: exit 1
  B sees A=up/direct B=up/self
  B sees web running on A: A is the most preferred host that is up and able; failed 2 of the 3 checks that make a failure
A checks web: exit 1
A checks web: exit 1

scripts web A status=fails
run 18s
scripts web A status=good
settle
expect web on A
----
A checks web: exit 1
A checks web: exit 1
A checks web: exit 1
A alerts (warning): service web failed 3 checks and is restarted: status exited with 1
A stops web (health)
A has stopped web
A starts web (health)
A runs web
A checks web: exit 1

# With rise, one good check does not forgive: what flaps fails in the end.
service web A B rise=2
reload A B
run 6s
scripts web A status=fails
run 10s
scripts web A status=good
run 5s
scripts web A status=fails
run 6s
scripts web A status=good
settle
----
A checks web: exit 1
A checks web: exit 1
A checks web: exit 1
A alerts (warning): service web failed 3 checks and is restarted: status exited with 1
A stops web (health)
A has stopped web
A starts web (health)
A runs web
A checks web: exit 1
