// npm oidc-provider, in memory, as its documentation shows it: the flows that all sides have.
import Provider from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: process.env.BENCHMARK_CLIENT_ID,
      client_secret: process.env.BENCHMARK_CLIENT_SECRET,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: process.env.BENCHMARK_SCOPE,
    },
  ],
  scopes: [process.env.BENCHMARK_SCOPE],
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    devInteractions: { enabled: false },
  },
  routes: { token: '/oauth/token', introspection: '/oauth/introspect' },
});
provider.listen(port, '127.0.0.1');
