"""The lab's mail: a relay that signs and delivers, the exchanger that receives all of it, and a list of what came."""
