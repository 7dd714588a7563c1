# A host falls silent without a goodbye: after the dead time the others take over, and when it can be heard
# again one copy goes on.
hosts A B C
service web A B C
boot all
settle
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

silence A
run 4s
expect web on A
within 3s web on A B
show
----
B sees A down
C sees A down
B starts web (failover from A)
  web: runs on A, B

unsilence A
settle
expect web on A
----
C sees A up
B sees A up
B: start of web ends with signal 9
B stops web (lost-ownership to A)
B has stopped web

# Only one direction is lost: A hears, and is not heard.
cut-one-way A B
cut-one-way A C
settle 40s
show
heal
settle
expect web on A
----
C sees A down
B sees A down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
A sees B down
A sees C down
  web: runs on A, B
A sees B up
A sees C up
C sees A up
B sees A up
B stops web (lost-ownership to A)
B has stopped web
