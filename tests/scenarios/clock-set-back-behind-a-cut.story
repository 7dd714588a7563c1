# D's clock is set back by an hour, and D is cut off together with B. An order given at B is refused by D, the only one there to
# judge; but what A had said before shows that it is D's clock that is behind. The order holds, there and after the cut.
hosts A B C D
service web B A
boot all
settle
A$ disable web
settle
clock D -1h
part B D
run 30s
B$ enable web
settle
expect web on B
heal
settle
expect web on B
view C
clock D right
run 30s
settle
view D
----
A comes up
B comes up
C comes up
D comes up
A sees C up
A sees B up
B sees C up
A sees D up
C sees A up
B sees A up
C sees B up
D sees B up
D sees C up
D sees A up
C sees D up
B sees D up
B starts web (placement)
B runs web
B stops web (operator)
B has stopped web
A answers: done, web is stopped
C sees B down
C sees D down
D sees A down
D sees C down
B sees A down
B sees C down
A sees B down
A sees D down
B starts web (operator)
B runs web
B answers: done, web runs on B
C sees B up
C sees D up
D sees A up
D sees C up
B sees A up
B sees C up
A sees B up
A sees D up
  C sees A=up/direct B=up/direct C=up/self D=up/direct
  C sees web running on B: B is the most preferred host that is up and able
  D sees A=up/direct B=up/direct C=up/direct D=up/self
  D sees web running on B: B is the most preferred host that is up and able
