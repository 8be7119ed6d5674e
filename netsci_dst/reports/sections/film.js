"use strict";
NS.view("network", NetworkView);
NS.view("disk", DiskView);
