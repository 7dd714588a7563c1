# A reload applies differences only: a removed service is stopped, a new one started, an added host dialled,
# and nothing else is disturbed.
hosts A B C*
service web A B
service mail B A
install all
hosts A B
install A B
boot A B
settle
expect web on A
expect mail on B
----
A comes up
B comes up
A sees B up
B sees A up
B starts mail (placement)
A starts web (placement)
B runs mail
A runs web

unservice mail
service news B A
reload A B
settle
expect mail nowhere
expect news on B
expect web on A
----
B stops mail (placement)
B starts news (placement)
B runs news
B has stopped mail

# C's line is added, and C is preferred for web.
hosts A B C*
service web C A B
install C
boot C
reload A B
settle
expect web on C
expect news on B
expect one copy of web
expect one copy of news
----
C comes up
C sees B up
C sees A up
B sees C up
A sees C up
A stops web (failback to C)
A has stopped web
C starts web (failback from A)
C runs web
