# Two hosts boot while they cannot reach each other: each runs what it can. When they meet, every service
# goes on on one of them, the more preferred.
hosts A B C*
service web B A
service mail A B
cut A B
boot A B
settle
show
----
A comes up
B comes up
B starts web (placement)
A starts web (placement)
A starts mail (placement)
B starts mail (placement)
A runs mail
B runs mail
B runs web
A runs web
  web: runs on A, B
  mail: runs on A, B

heal A B
settle
show
expect web on B
expect mail on A
view A
----
A sees B up
A stops web (lost-ownership to B)
B sees A up
B stops mail (lost-ownership to A)
A has stopped web
B has stopped mail
  web: runs on B
  mail: runs on A
  A sees A=up/self B=up/direct C=down
  A sees web running on B: B is the most preferred host that is up and able
  A sees mail running on A: A is the most preferred host that is up and able
