package main

const pointRead = `query Application($id: ID!) {
  application(id: $id) { id code name type accessType status createdAt updatedAt version }
}`

const portfolioPage = `query Portfolio($first: Int!) {
  applications(first: $first) {
    nodes {
      id code name type status
      client { id code name }
      urls(first: 5) { nodes { id origin status } }
      properties(first: 10) { nodes { id name value public version } }
    }
    pageInfo { hasNextPage endCursor }
  }
}`

const threeLevels = `query Managed($id: ID!) {
  client(id: $id) {
    id code name
    managedClients(first: 20) { nodes { id code name
      applications(first: 10) { nodes { id code name
        properties(first: 5) { nodes { id name value } } } } } }
  }
}`

const fourLevels = `query Tree($first: Int!) {
  applications(first: $first) {
    nodes {
      id code name
      client { id code name }
      urls(first: 5) { nodes { id origin status } }
      properties(first: 5) { nodes { id name value version } }
      packages(first: 5) { nodes { id code name
        roles(first: 5) { nodes { id name
          permissions(first: 5) { nodes { id authority } } } } } }
    }
    pageInfo { hasNextPage }
  }
}`

const keysetPage = `query Page($after: String) {
  applications(first: 50, after: $after, orderBy: { field: NAME }) {
    edges { cursor node { id code name type status version } }
    pageInfo { hasNextPage endCursor }
  }
}`

const propertyWrite = `mutation Set($input: ApplicationPropertiesSetInput!) {
  applicationPropertiesSet(input: $input) { properties { id name value version } errors { code message path } }
}`

const propertiesInForce = `query InForce($first: Int!) {
  applications(first: $first) {
    nodes {
      id code
      propertiesInForce { name value public source { kind client { id code } } }
    }
    pageInfo { hasNextPage }
  }
}`
