# A host on standby gives up its services and gets them back when it is online again; what is on standby
# takes no service even when nobody else can.
hosts A B*
service web A B
service mail B A
boot all
settle
expect web on A
expect mail on B
----
A comes up
B comes up
B sees A up
A sees B up
A starts web (placement)
B starts mail (placement)
B runs mail
A runs web

B$ standby A
settle
expect web on B
view B
----
A stops web (operator to B)
A has stopped web
B answers: done, A is on standby
B starts web (operator from A)
B runs web
  B sees A=up/direct/standby B=up/self
  B sees web running on B: B is the most preferred host that is up and able
  B sees mail running on B: B is the most preferred host that is up and able

A$ standby B
settle
expect web nowhere
expect mail nowhere
----
B stops web (operator)
B stops mail (operator)
B has stopped web
B has stopped mail
A answers: done, B is on standby

A$ online B
A$ online A
settle
expect web on A
expect mail on B
expect one copy of web
----
A answers: done, B is online
B starts web (operator)
B starts mail (operator)
A answers: done, A is online
B runs web
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
B runs mail
A runs web
