# "stop" holds until "start" or a cold start of the whole cluster; "disable" holds until "enable".
hosts A B C
service web A B
service mail B C
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
B starts mail (placement)
B runs mail
A runs web

C$ stop web
settle
expect web nowhere
----
A stops web (operator)
A has stopped web
C answers: done, web is stopped

# It survives the restart of one host.
crash A
settle
boot A
settle
expect web nowhere
----
A loses power
B sees A down
C sees A down
A comes up
A sees B up
A sees C up
C sees A up
B sees A up

A$ start web
settle
expect web on A
----
A starts web (placement)
A runs web
A answers: done, web runs on A

A$ stop web
B$ disable mail
settle
expect web nowhere
expect mail nowhere
----
A stops web (operator)
A has stopped web
A answers: done, web is stopped
B stops mail (operator)
B has stopped mail
B answers: done, mail is stopped

# All hosts lose power: the stop has ended, the disable has not.
crash all
run 10s
boot all
settle
expect web on A
expect mail nowhere
----
A loses power
B loses power
C loses power
A comes up
B comes up
C comes up
C sees A up
C sees B up
B sees A up
A sees B up
B sees C up
A sees C up
A starts web (placement)
A runs web

C$ enable mail
settle
expect mail on B
----
B starts mail (placement)
B runs mail
C answers: done, mail runs on B

# Restarting in place.
watch-gap mail
A$ restart mail
settle
expect mail on B
expect one copy of mail
----
B stops mail (operator)
B has stopped mail
B starts mail (operator)
B runs mail
A answers: done, mail runs on B

A$ start nothing
A$ stop nothing
A$ move web C
----
A answers: refused, the services file has no nothing
A answers: refused, the services file has no nothing
A answers: refused, C is not on the line of web in the services file
