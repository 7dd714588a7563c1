# A and B cannot reach each other, and C sees both: nobody is down, nothing moves, and grants travel
# through C.
hosts A B C
service web A B C
service mail B A C
boot all
settle
expect web on A
expect mail on B
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
B starts mail (placement)
B runs mail
A runs web

cut A B
run 20s
expect A sees B up
expect B sees A up
expect web on A
expect mail on B
view A
----
  A sees A=up/self B=up/relay C=up/direct
  A sees web running on A: A is the most preferred host that is up and able
  A sees mail running on B: B is the most preferred host that is up and able

# A move across the cut goes through C.
watch-gap web
A$ move web B
settle
expect web on B
expect one copy of web
expect gap of web below 3s
----
A stops web (move to B)
A has stopped web
B starts web (move from A)
B runs web
A answers: done, web runs on B

# Now C dies too: A and B are alone.
crash C
settle
show
----
C loses power
B sees A down
B sees C down
A sees B down
A sees C down
A starts web (failover from B)
A starts mail (failover from B)
A runs mail
A alerts (warning): service mail runs here now instead of on B, which is down
A runs web
A alerts (warning): service web runs here now instead of on B, which is down
  web: runs on A, B
  mail: runs on A, B

boot C
settle
show
----
C comes up
C sees A up
C sees B up
A sees C up
B sees C up
B sees A up
B stops web (lost-ownership to A)
A sees B up
A stops mail (lost-ownership to B)
B has stopped web
A has stopped mail
  web: runs on A
  mail: runs on B

# For A, B had failed meanwhile, which ended the move.
heal A B
settle
expect A linked B
expect web on A
expect mail on B
----
