# Four hosts are all linked, or have sessions through others where they cannot be; with a fifth each keeps a few links. C,
# who had such a session with A, goes down: A does not wait for when to begin it anew.
mesh 4
hosts A B C D E
service web A B
install all
hosts A B C D
install A B C D
cut A C
boot A B C D
settle
run 10s
expect A reaches C relay B
----
A comes up
B comes up
C comes up
D comes up
B sees C up
A sees B up
A sees D up
C sees B up
B sees A up
D sees A up
D sees B up
D sees C up
C sees D up
B sees D up
C sees A up
A sees C up
A starts web (placement)
A runs web

hosts A B C D E
install E
boot E
reload A B C D
run 10s
crash C
run 30s
expect A sees C down
----
E comes up
E sees B up
E sees A up
E sees C up
E sees D up
A sees E up
B sees E up
D sees E up
C sees E up
C loses power
B sees C down
E sees C down
D sees C down
A sees C down
