# A link that comes and goes every two seconds disturbs nobody: not longer than the dead time, and C sees
# both all the while.
hosts A B C
service web A B C
service mail B A C
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

cut A B
run 2s
heal A B
run 2s
cut A B
run 2s
heal A B
run 2s
cut A B
run 2s
heal A B
settle
expect web on A
expect mail on B
expect one copy of web
expect one copy of mail
----

# All connections of A are reset, again and again.
storm A
run 300ms
storm A
run 300ms
storm A
run 300ms
storm A
settle
expect web on A
expect one copy of web
expect one copy of mail
----
