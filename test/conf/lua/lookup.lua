local known = edge.lookup("office")
local wrong = edge.lookup("file:conf/none")
