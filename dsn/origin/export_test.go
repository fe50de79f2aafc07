package origin

// ServersKey is for tests of other packages.
const ServersKey = serversKey
